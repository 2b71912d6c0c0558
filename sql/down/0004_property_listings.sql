-- Drops the listings' table, and refuses while it has rows.

do $do$
declare
  has_rows boolean;
begin
  if to_regclass('public.property_listings') is null then
    return;
  end if;
  lock table public.property_listings in access exclusive mode;
  execute 'select exists (select from public.property_listings)' into has_rows;
  if has_rows then
    raise exception 'property_listings has rows: delete them first, or keep the table';
  end if;
  drop table public.property_listings;
end
$do$;

notify pgrst, 'reload schema';
