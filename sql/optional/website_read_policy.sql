-- Lets the website's visitors read the listings that are in the sheet; withdrawn ones stay hidden.
-- It shows every column: to hide some, write `grant select (property_number, price, ...)` instead.

grant select on public.property_listings to anon, authenticated;

drop policy if exists listing_sync_website_read on public.property_listings;
create policy listing_sync_website_read on public.property_listings
  for select to anon, authenticated using (withdrawn_at is null);

notify pgrst, 'reload schema';
