-- Lets the website's visitors read the listings that are in the sheet; withdrawn ones stay hidden.
-- It shows the columns named here, and no other: not who sells (sales_assignee, broker), not what the
-- office notes (special_notes), not contracts. Add those of your own that everybody may see, and ask
-- for columns by name: select=* is refused where one of them is hidden.

revoke select on public.property_listings from anon, authenticated;
grant select (
  id, property_number, property_type, status, address, land_area, building_area, exclusive_area,
  listing_price, price, floor_plan, structure, construction_year_month, parking, parking_fee,
  management_fee, reserve_fund, current_status, delivery, image_url, google_map_url, updated_at
) on public.property_listings to anon, authenticated;

drop policy if exists listing_sync_website_read on public.property_listings;
create policy listing_sync_website_read on public.property_listings
  for select to anon, authenticated using (withdrawn_at is null);

notify pgrst, 'reload schema';
