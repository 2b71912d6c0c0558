-- Last of the down files: afterwards nothing of listing-sync is left.

drop table if exists public.sync_migrations;
drop function if exists public.listing_sync_set_updated_at();

notify pgrst, 'reload schema';
