-- How listing-sync leads rows back: each change is made only while the row still is as it was read,
-- so that what somebody types in that very moment is never overwritten, and each row in columns of
-- its own.

-- `changes` is the text of an array of {"now": row, "to": row}: "now" null inserts a row that is not
-- there, "to" null deletes one, else the columns of "to" are written where those of "now" still are.
-- What comes back is one text, an array of {"place": of the change, "made": row}, of an insert with
-- the whole row, of an update with its key, what was written and the columns `told`. A change that
-- comes to nothing is not in it. Triggers see the caller's settings, as with any other write.
create or replace function public.listing_sync_change_rows(
  table_name text, key_column text, changes text, told text[]
)
returns table (rows_made text)
language plpgsql
volatile
security invoker
as $$
declare
  all_changes json := changes::json;
  types jsonb;
  key_type text;
  change record;
  current json;
  given text;
  defined text;
  picked text;
  still json[] := '{}';
  todo json[] := '{}';
  later json[];
  each json;
  made json;
  part json[];
  found json[] := '{}';
  state text;
  message text;
  detail text;
begin
  -- As in one statement: what can wait is checked when all is done.
  set constraints all deferred;
  select
    pg_catalog.jsonb_object_agg(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
  into types
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute as a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = 'public' and c.relname = table_name;
  key_type := types ->> key_column;

  -- Which rows still are as they were read; they are locked until this is over.
  for change in
    select
      c.place::integer - 1 as place,
      c.value -> 'now' as was,
      c.value -> 'to' as becomes,
      pg_catalog.json_typeof(c.value -> 'to') = 'null' as goes,
      c.value -> 'now' -> key_column as key
    from pg_catalog.json_array_elements(all_changes) with ordinality as c (value, place)
    where pg_catalog.json_typeof(c.value -> 'now') <> 'null'
    order by c.place
  loop
    current := null;
    execute pg_catalog.format(
      'select pg_catalog.to_json(t.*) from public.%1$I as t'
      ' where t.%2$I = (select n.key from pg_catalog.json_to_record($1) as n (key %3$s))'
      ' for update',
      table_name, key_column, key_type
    ) into current using pg_catalog.json_build_object('key', change.key);
    continue when current is null;

    select
      pg_catalog.string_agg(pg_catalog.format('%I %s', w.key, types ->> w.key), ', '),
      pg_catalog.string_agg(pg_catalog.format(
        '(pg_catalog.to_json(w.%1$I)::text is not distinct from pg_catalog.to_json(c.%1$I)::text)',
        w.key
      ), ' and ')
    into defined, given
    from pg_catalog.json_each(change.was) as w
    join pg_catalog.json_each(current) as c on c.key = w.key
    where c.value::text is distinct from w.value::text;
    if defined is not null then
      -- Written otherwise, it may mean the same: as its type reads and writes it again.
      begin
        execute pg_catalog.format(
          'select case when %2$s then $2 end from pg_catalog.json_to_record($1) as w (%1$s),'
          ' pg_catalog.json_to_record($2) as c (%1$s)',
          defined, given
        ) into current using change.was, current;
      exception when data_exception or integrity_constraint_violation
        or syntax_error_or_access_rule_violation
      then
        current := null;
      end;
      continue when current is null;
    end if;

    each := pg_catalog.json_build_object(
      'place', change.place, 'key', change.key, 'to', change.becomes
    );
    if change.goes then
      still := still || each;
    else
      todo := todo || each;
    end if;
  end loop;

  -- In one statement, as rows may refer to one another.
  if pg_catalog.cardinality(still) > 0 then
    execute pg_catalog.format(
      'with gone as ('
      ' delete from public.%1$I as t'
      ' using pg_catalog.json_to_recordset($1) as n (place integer, key %3$s)'
      ' where t.%2$I = n.key'
      ' returning n.place, (select pg_catalog.to_json(o.*) from (select t.%2$I) as o) as made)'
      ' select pg_catalog.array_agg(pg_catalog.to_json(gone.*)) from gone',
      table_name, key_column, key_type
    ) into part using pg_catalog.array_to_json(still);
    found := found || part;
  end if;

  -- What one row gives up may be what another has to hold alone.
  while pg_catalog.cardinality(todo) > 0 loop
    later := '{}';
    foreach each in array todo loop
      select
        pg_catalog.string_agg(pg_catalog.format('%1$I = r.%1$I', n.name), ', '),
        pg_catalog.string_agg(pg_catalog.format('%I %s', n.name, types ->> n.name), ', ')
          filter (where types ? n.name)
      into given, defined
      from pg_catalog.json_object_keys(each -> 'to') as n (name);
      select pg_catalog.string_agg(pg_catalog.format('t.%I', n.name), ', ')
      into picked
      from (
        select key_column
        union select k.name from pg_catalog.json_object_keys(each -> 'to') as k (name)
        union select u.name from pg_catalog.unnest(told) as u (name)
      ) as n (name);
      begin
        made := null;
        execute pg_catalog.format(
          'update public.%1$I as t set %2$s'
          ' from pg_catalog.json_to_record($1) as r (%3$s),'
          ' pg_catalog.json_to_record($2) as n (key %4$s)'
          ' where t.%5$I = n.key'
          ' returning (select pg_catalog.to_json(o.*) from (select %6$s) as o)',
          table_name, given, coalesce(defined, '"?" text'), key_type, key_column, picked
        ) into made using each -> 'to', each;
        if made is not null then
          found := found || pg_catalog.json_build_object('place', each -> 'place', 'made', made);
        end if;
      exception when unique_violation or exclusion_violation then
        get stacked diagnostics
          state = returned_sqlstate, message = message_text, detail = pg_exception_detail;
        later := later || each;
      end;
    end loop;
    if pg_catalog.cardinality(later) = pg_catalog.cardinality(todo) then
      raise exception using errcode = state, message = message, detail = detail;
    end if;
    todo := later;
  end loop;

  for change in
    select
      pg_catalog.json_agg(c.value -> 'to') as becomes,
      pg_catalog.json_agg(pg_catalog.json_build_object(
        'place', c.place - 1, 'key', c.value -> 'to' -> key_column
      )) as keys,
      n.names
    from pg_catalog.json_array_elements(all_changes) with ordinality as c (value, place)
    cross join lateral (
      select pg_catalog.array_agg(k.name order by k.name) as names
      from pg_catalog.json_object_keys(c.value -> 'to') as k (name)
    ) as n
    where pg_catalog.json_typeof(c.value -> 'now') = 'null'
    group by n.names
  loop
    select
      pg_catalog.string_agg(pg_catalog.format('%I', n.name), ', '),
      pg_catalog.string_agg(pg_catalog.format('r.%I', n.name), ', '),
      pg_catalog.string_agg(pg_catalog.format('%I %s', n.name, types ->> n.name), ', ')
        filter (where types ? n.name)
    into given, picked, defined
    from pg_catalog.unnest(change.names) as n (name);
    execute pg_catalog.format(
      'with new as ('
      ' insert into public.%1$I as t (%2$s)'
      ' select %3$s from pg_catalog.json_to_recordset($1) as r (%4$s)'
      ' on conflict (%5$I) do nothing returning t.%5$I as key, pg_catalog.to_json(t.*) as made)'
      ' select pg_catalog.array_agg(pg_catalog.json_build_object('
      '  ''place'', n.place, ''made'', new.made)) from new'
      ' join pg_catalog.json_to_recordset($2) as n (place integer, key %6$s) on n.key = new.key',
      table_name, given, picked, coalesce(defined, '"?" text'), key_column, key_type
    ) into part using change.becomes, change.keys;
    found := found || part;
  end loop;

  set constraints all immediate;
  rows_made := pg_catalog.array_to_json(found)::text;
  return next;
end
$$;

comment on function public.listing_sync_change_rows(text, text, text, text[])
is 'listing-sync: changes rows that still are as they were read; a way back overwrites nobody';

revoke all on function public.listing_sync_change_rows(text, text, text, text[])
  from public, anon, authenticated;
grant execute on function public.listing_sync_change_rows(text, text, text, text[])
  to service_role;

notify pgrst, 'reload schema';
