-- The table that the website reads, for those who have none: an existing one is left as it is.

do $do$
begin
  if to_regclass('public.property_listings') is not null then
    return;
  end if;

  create table public.property_listings (
    id uuid primary key default gen_random_uuid(),
    property_number text not null unique,
    property_type text,
    status text,
    address text,
    display_address text,
    land_area numeric(10, 2),
    building_area numeric(10, 2),
    exclusive_area numeric(10, 2),
    listing_price numeric(15, 0),
    sales_price numeric(15, 0),
    price numeric(15, 0),
    floor_plan text,
    structure text,
    construction_year_month text,
    contract_date date,
    settlement_date date,
    sales_assignee text,
    broker text,
    parking text,
    parking_fee numeric(15, 0),
    management_fee numeric(15, 0),
    reserve_fund numeric(15, 0),
    current_status text,
    delivery text,
    special_notes text,
    image_url text,
    google_map_url text,
    withdrawn_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );

  comment on table public.property_listings is 'Properties for sale, kept by listing-sync';
  comment on column public.property_listings.withdrawn_at is
    'when the listing left the sheet; null while it is there';

  create trigger listing_sync_set_updated_at
    before update on public.property_listings
    for each row execute function public.listing_sync_set_updated_at();

  alter table public.property_listings enable row level security;
  revoke all on public.property_listings from anon, authenticated;
  grant all on public.property_listings to service_role;
end
$do$;

notify pgrst, 'reload schema';
