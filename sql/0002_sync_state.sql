-- One row a run of listing-sync.

create or replace function public.listing_sync_set_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

revoke all on function public.listing_sync_set_updated_at() from public, anon, authenticated;

create table if not exists public.sync_state (
  id uuid primary key default gen_random_uuid(),
  sync_type text not null check (sync_type in ('full', 'selective')),
  trigger text not null default 'manual',
  status text not null check (
    status in ('queued', 'in_progress', 'completed', 'partial', 'failed', 'interrupted')
  ),
  started_at timestamptz not null,
  completed_at timestamptz,
  heartbeat_at timestamptz not null default now(),
  total_items integer not null default 0,
  success_count integer not null default 0,
  failed_count integer not null default 0,
  skipped_count integer not null default 0,
  inserted_count integer not null default 0,
  updated_count integer not null default 0,
  unchanged_count integer not null default 0,
  removed_count integer not null default 0,
  error_details jsonb,
  metrics jsonb,
  source text not null,
  target text not null,
  host text not null default '',
  pid integer not null default 0,
  version text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

comment on table public.sync_state is 'listing-sync: one row a run';
comment on column public.sync_state.heartbeat_at is 'last sign of life of a run in progress';
comment on column public.sync_state.error_details is
  'why it failed, its warnings, and the run that holds its rejections; never a value of a cell';
comment on column public.sync_state.metrics is 'requests, bytes, retries, waits, latencies, CPU, memory';
comment on column public.sync_state.source is 'the sheet that was read';
comment on column public.sync_state.target is 'the project and table that were written';

create index if not exists sync_state_recent
  on public.sync_state (target, source, started_at desc);
create index if not exists sync_state_in_progress
  on public.sync_state (target) where status = 'in_progress';

create or replace trigger listing_sync_set_updated_at
  before update on public.sync_state
  for each row execute function public.listing_sync_set_updated_at();

alter table public.sync_state enable row level security;
revoke all on public.sync_state from anon, authenticated;
grant all on public.sync_state to service_role;
grant select (
  id, sync_type, trigger, status, started_at, completed_at, heartbeat_at, total_items,
  success_count, failed_count, skipped_count, inserted_count, updated_count, unchanged_count,
  removed_count, target, version, created_at, updated_at
) on public.sync_state to authenticated;

drop policy if exists listing_sync_read on public.sync_state;
create policy listing_sync_read on public.sync_state for select to authenticated using (true);

notify pgrst, 'reload schema';
