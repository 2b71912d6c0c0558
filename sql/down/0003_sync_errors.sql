-- Forgets every rejection.

drop table if exists public.sync_errors;

notify pgrst, 'reload schema';
