-- Drops the function that tells what a table is.

drop function if exists public.listing_sync_table_facts(text);

notify pgrst, 'reload schema';
