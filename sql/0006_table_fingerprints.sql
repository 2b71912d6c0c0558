-- Whether a table still is what it was, told to listing-sync in place of its rows: for each bucket
-- of keys a fingerprint of the texts of some columns, and one of the versions of its rows.

create or replace function public.listing_sync_table_fingerprints(
  table_name text,
  key_column text,
  column_names text[],
  buckets integer,
  known text[] default null,
  with_keys boolean default false
)
returns table (fingerprints jsonb)
language plpgsql
stable
security invoker
set search_path = ''
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
set timezone = 'UTC'
set extra_float_digits = 1
set bytea_output = 'hex'
set lc_monetary = 'C'
set xmloption = 'content'
as $$
declare
  shape text;
  columns text;
  found integer;
begin
  -- Views have no versions of rows: what cannot be told is not told.
  select
    pg_catalog.count(distinct a.attname),
    pg_catalog.string_agg(
      pg_catalog.format('%s %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)),
      ',' order by w.place
    ),
    pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ' order by w.place)
  into found, shape, columns
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute as a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.unnest(key_column || column_names) with ordinality as w (name, place)
    on w.name = a.attname
  where n.nspname = 'public' and c.relname = table_name and c.relkind in ('r', 'p');

  if found < (
    select pg_catalog.count(distinct w.name)
    from pg_catalog.unnest(key_column || column_names) as w (name)
  ) or buckets not between 1 and 4096 then
    return;
  end if;

  -- The text of a row keeps null apart from '' and one value apart from the next. Sums do not
  -- depend on an order, so that nothing is sorted: two of 64 bits each, and the count.
  return query execute pg_catalog.format(
    $query$
      with told as (
        select
          (pg_catalog.hashtextextended(r.key, 0) & 4095)::integer %% $1 as bucket,
          r.key,
          pg_catalog.hashtextextended(r.content, 1) as one,
          pg_catalog.hashtextextended(r.content, 2) as two,
          pg_catalog.hashtextextended(r.key || ' ' || r.version, 3) as version
        from (
          select
            pg_catalog.to_json(t.%1$I) #>> '{}' collate "C" as key,
            row(%2$s)::text collate "C" as content,
            t.xmin::text collate "C" as version
          from public.%3$I as t
          where t.%1$I is not null
          offset 0
        ) as r
      ), summed as (
        select
          n.bucket,
          pg_catalog.md5(pg_catalog.format(
            '%%s;%%s;%%s;%%s', $4, pg_catalog.count(o.key), pg_catalog.sum(o.one),
            pg_catalog.sum(o.two)
          )) as content,
          pg_catalog.md5(pg_catalog.format(
            '%%s;%%s', pg_catalog.count(o.key), pg_catalog.sum(o.version)
          )) as version,
          case when $3 then coalesce(
            pg_catalog.jsonb_agg(o.key) filter (where o.key is not null), '[]'
          ) end as keys
        from pg_catalog.generate_series(0, $1 - 1) as n (bucket)
        left join told as o on o.bucket = n.bucket
        group by n.bucket
      )
      select coalesce(pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_array(s.bucket, s.content, s.version, s.keys) order by s.bucket
      ), '[]')
      from summed as s
      where s.content is distinct from $2[s.bucket + 1]
    $query$,
    key_column, columns, table_name
  ) using buckets, known, with_keys, shape;
end
$$;

comment on function public.listing_sync_table_fingerprints(text, text, text[], integer, text[], boolean)
is 'listing-sync: what tells whether rows of a table have changed, so that a sync need not read it';

revoke all on function
  public.listing_sync_table_fingerprints(text, text, text[], integer, text[], boolean)
  from public, anon, authenticated;
grant execute on function
  public.listing_sync_table_fingerprints(text, text, text[], integer, text[], boolean)
  to service_role;

notify pgrst, 'reload schema';
