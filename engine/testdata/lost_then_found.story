# Otherwise a negative counts, also for a lost tube that was found.
# Proves: outcome/negative-of-lost
any order
scan T100 ada 08:01
lost T100 10:00
result T100 negative tested 12:00 reported 13:00
ada negative
no order ada
tube T100 lost
