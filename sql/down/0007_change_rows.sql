-- Drops the function that changes rows which still are as they were read.

drop function if exists public.listing_sync_change_rows(text, text, text, text[]);

notify pgrst, 'reload schema';
