-- Forgets which files were applied.

drop table if exists public.sync_migrations;

notify pgrst, 'reload schema';
