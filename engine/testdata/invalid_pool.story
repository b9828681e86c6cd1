# Otherwise invalid, rejected, lost: must. An invalid pool is no positive pool: no isolation, an order for any tube.
# Proves: must/invalid
any order
scan T100 ada 08:01
result T100 invalid tested 12:00 reported 13:00
ada must_resample because T100
order ada any due 19:00
