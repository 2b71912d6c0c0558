-- How listing-sync leads rows back: each change is made only while the row still is as it was read,
-- so that what somebody types in that very moment is never overwritten, and each row in columns of
-- its own.

-- `changes` is the text of an array of {"now": row, "to": row}: "now" null inserts a row that is not
-- there, "to" null deletes one, else the columns of "to" are written where those of "now" still are.
-- What comes back, by the place of a change in the array, are rows: of an insert the whole one, of an
-- update its key, what was written and the columns `told`. A change that comes to nothing has none.
create or replace function public.listing_sync_change_rows(
  table_name text, key_column text, changes text, told text[]
)
returns table (place integer, made text)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  change record;
  before text;
  given text;
  picked text;
begin
  for change in
    select
      c.place::integer as place,
      nullif(pg_catalog.json_typeof(c.value -> 'now'), 'null') is not null as is_there,
      nullif(pg_catalog.json_typeof(c.value -> 'to'), 'null') is not null as stays,
      c.value -> 'now' as was,
      c.value -> 'to' as becomes
    from pg_catalog.json_array_elements(changes::json) with ordinality as c (value, place)
    order by c.place
  loop
    made := null;
    if change.is_there and change.stays then
      -- Written as the type of the column writes them, two values of any type can be compared.
      select pg_catalog.string_agg(pg_catalog.format(
        'pg_catalog.to_json(t.%1$I)::pg_catalog.jsonb'
        ' is not distinct from pg_catalog.to_json(n.%1$I)::pg_catalog.jsonb', o.name
      ), ' and ')
      into before
      from pg_catalog.json_object_keys(change.was) as o (name);
      select pg_catalog.string_agg(pg_catalog.format('%1$I = r.%1$I', o.name), ', ')
      into given
      from pg_catalog.json_object_keys(change.becomes) as o (name);
      select pg_catalog.string_agg(pg_catalog.format('t.%I', o.name), ', ')
      into picked
      from (
        select key_column
        union select k.name from pg_catalog.json_object_keys(change.becomes) as k (name)
        union select u.name from pg_catalog.unnest(told) as u (name)
      ) as o (name);
      execute pg_catalog.format(
        'update public.%1$I as t set %2$s'
        ' from pg_catalog.json_populate_record(null::public.%1$I, $1) as r,'
        ' pg_catalog.json_populate_record(null::public.%1$I, $2) as n'
        ' where t.%3$I = n.%3$I and %4$s'
        ' returning (select pg_catalog.to_json(o) from (select %5$s) as o)',
        table_name, given, key_column, before, picked
      ) into made using change.becomes, change.was;
    elsif change.is_there then
      execute pg_catalog.format(
        'delete from public.%1$I as t'
        ' using pg_catalog.json_populate_record(null::public.%1$I, $1) as n'
        ' where t.%2$I = n.%2$I and pg_catalog.to_json(t)::pg_catalog.jsonb'
        ' = pg_catalog.to_json(n)::pg_catalog.jsonb'
        ' returning (select pg_catalog.to_json(o) from (select t.%2$I) as o)',
        table_name, key_column
      ) into made using change.was;
    else
      select
        pg_catalog.string_agg(pg_catalog.format('%I', o.name), ', '),
        pg_catalog.string_agg(pg_catalog.format('r.%I', o.name), ', ')
      into given, picked
      from pg_catalog.json_object_keys(change.becomes) as o (name);
      execute pg_catalog.format(
        'insert into public.%1$I as t (%2$s)'
        ' select %3$s from pg_catalog.json_populate_record(null::public.%1$I, $1) as r'
        ' on conflict (%4$I) do nothing returning pg_catalog.to_json(t)',
        table_name, given, picked, key_column
      ) into made using change.becomes;
    end if;
    if made is not null then
      place := change.place - 1;
      return next;
    end if;
  end loop;
end
$$;

comment on function public.listing_sync_change_rows(text, text, text, text[])
is 'listing-sync: changes rows that still are as they were read; a way back overwrites nobody';

revoke all on function public.listing_sync_change_rows(text, text, text, text[])
  from public, anon, authenticated;
grant execute on function public.listing_sync_change_rows(text, text, text, text[])
  to service_role;

notify pgrst, 'reload schema';
