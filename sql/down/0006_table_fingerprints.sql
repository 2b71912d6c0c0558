-- Drops the function that tells whether a table still is what it was.

drop function if exists public.listing_sync_table_fingerprints(
  text, text, text[], integer, text[], boolean
);

notify pgrst, 'reload schema';
