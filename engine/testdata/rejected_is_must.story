# Otherwise rejected: must.
# Proves: must/rejected
any order
scan T100 ada 08:01
reject T100 by L1 10:00
ada must_resample because T100
order ada any due 16:00
