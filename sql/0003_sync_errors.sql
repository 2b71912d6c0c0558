-- The listings that a run could not take, one row a reason.

create table if not exists public.sync_errors (
  id uuid primary key default gen_random_uuid(),
  run_id uuid not null references public.sync_state (id) on delete cascade,
  property_number text,
  sheet_row integer,
  column_name text,
  cell text,
  value text,
  category text not null,
  message text not null,
  link text,
  payload jsonb,
  created_at timestamptz not null default now()
);

comment on table public.sync_errors is 'listing-sync: rejected listings, for review';
comment on column public.sync_errors.column_name is 'header as in the sheet; null: the whole row';
comment on column public.sync_errors.payload is 'mapped cells of the row as read, by header';

create index if not exists sync_errors_run on public.sync_errors (run_id, id);
create index if not exists sync_errors_listing
  on public.sync_errors (property_number, created_at desc);

alter table public.sync_errors enable row level security;
revoke all on public.sync_errors from anon, authenticated;
grant all on public.sync_errors to service_role;

notify pgrst, 'reload schema';
