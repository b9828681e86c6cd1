# A must counts from the earliest of what made it: voiding, invalid report, rejection or loss.
# Proves: must/since-earliest
any order
scan T100 ada 08:01
result T100 invalid tested 12:00 reported 13:00
lost T100 15:00
reject T100 11:00
reject T100 14:00
ada must_resample because T100
ada since 11:00
order ada any due 17:00
