# Otherwise lost: must. The missing tube's people are called back at once.
# Proves: must/lost
any order
scan T100 ada 08:01
scan T100 ben 08:02
lost T100 by L1 10:00
ada must_resample because T100
ben must_resample because T100
ada since 10:00
order ada any due 16:00
ada no negative
