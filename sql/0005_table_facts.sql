-- What a table is, told to listing-sync in one request instead of many; it reads the catalogue only.

create or replace function public.listing_sync_table_facts(table_name text)
returns table (facts jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  with relation as (
    select c.oid, c.relkind, c.relrowsecurity
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relname = table_name and c.relkind in ('r', 'p', 'v', 'm', 'f')
  )
  select pg_catalog.jsonb_build_object(
    'kind', r.relkind,
    'row_security', r.relrowsecurity,
    'may', pg_catalog.jsonb_build_object(
      'select', pg_catalog.has_table_privilege(r.oid, 'select')
        or pg_catalog.has_any_column_privilege(r.oid, 'select'),
      'insert', pg_catalog.has_any_column_privilege(r.oid, 'insert'),
      'update', pg_catalog.has_any_column_privilege(r.oid, 'update'),
      'delete', pg_catalog.has_table_privilege(r.oid, 'delete')
    ),
    'columns', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'name', a.attname,
        'type', pg_catalog.format_type(
          case t.typtype when 'd' then t.typbasetype else a.atttypid end, null
        ),
        'declared', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'longest', case
          when a.atttypid in ('pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)
            and a.atttypmod > 4 then a.atttypmod - 4
          when t.typtype = 'd' and t.typtypmod > 4 and t.typbasetype in (
            'pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype
          ) then t.typtypmod - 4
        end,
        'not_null', a.attnotnull or t.typnotnull,
        'generated', a.attgenerated <> '' or a.attidentity = 'a',
        'identity', a.attidentity <> '',
        'default', case when a.attgenerated = '' then coalesce(
          pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault
        ) end
      ) order by a.attnum), '[]')
      from pg_catalog.pg_attribute as a
      join pg_catalog.pg_type as t on t.oid = a.atttypid
      left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    ),
    'unique_keys', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'name', i.relname,
        'columns', (
          select coalesce(pg_catalog.jsonb_agg(a.attname order by k.place), '[]')
          from pg_catalog.unnest(x.indkey::int2[]) with ordinality as k (number, place)
          join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum = k.number
          where k.place <= x.indnkeyatts
        ),
        'primary', x.indisprimary,
        'usable', x.indimmediate and x.indisvalid and x.indpred is null and x.indexprs is null,
        'deferrable', not x.indimmediate,
        'partial', x.indpred is not null,
        'expression', x.indexprs is not null
      ) order by i.relname), '[]')
      from pg_catalog.pg_index as x
      join pg_catalog.pg_class as i on i.oid = x.indexrelid
      where x.indrelid = r.oid and x.indisunique
    ),
    'insert_hooks', coalesce(h.of_insert, '[]'),
    'update_hooks', coalesce(h.of_update, '[]')
  )
  from relation as r
  -- What may have the table store something else than was sent; 4 is TRIGGER_TYPE_INSERT, 16 is
  -- TRIGGER_TYPE_UPDATE.
  cross join lateral (
    select
      pg_catalog.jsonb_agg(e.name order by e.name) filter (where e.events & 4 <> 0) as of_insert,
      pg_catalog.jsonb_agg(e.name order by e.name) filter (where e.events & 16 <> 0) as of_update
    from (
      select g.tgname, g.tgtype from pg_catalog.pg_trigger as g
      where g.tgrelid = r.oid and not g.tgisinternal and g.tgenabled <> 'D'
      union all
      select w.rulename, 4 | 16 from pg_catalog.pg_rewrite as w where w.ev_class = r.oid
    ) as e (name, events)
  ) as h
$$;

comment on function public.listing_sync_table_facts(text) is
  'listing-sync: columns, keys, hooks and rights of a table, for plan, health and sync';

revoke all on function public.listing_sync_table_facts(text) from public, anon, authenticated;
grant execute on function public.listing_sync_table_facts(text) to service_role;

notify pgrst, 'reload schema';
