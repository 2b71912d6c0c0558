-- Forgets every run; take sync_errors down before.

drop table if exists public.sync_state;

-- A kept property_listings still needs the function.
do $do$
begin
  drop function if exists public.listing_sync_set_updated_at();
exception
  when dependent_objects_still_exist then null;
end
$do$;

notify pgrst, 'reload schema';
