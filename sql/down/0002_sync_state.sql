-- Forgets every run; take sync_errors down before.

drop table if exists public.sync_state;

notify pgrst, 'reload schema';
