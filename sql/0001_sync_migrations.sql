-- Which files of this folder have been applied; first, so that the others can be recorded.
--
-- Rule of all files here: a statement ends with a semicolon at the end of a line, unless that line
-- stands between dollar quotes. Every statement may be run by itself and may be run again.

create table if not exists public.sync_migrations (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
);

comment on table public.sync_migrations is 'listing-sync: applied files of sql/';
comment on column public.sync_migrations.checksum is 'SHA-256 of the file as applied';

alter table public.sync_migrations enable row level security;
revoke all on public.sync_migrations from anon, authenticated;
grant all on public.sync_migrations to service_role;

notify pgrst, 'reload schema';
