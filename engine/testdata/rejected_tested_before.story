# A negative counts for a rejected tube only if tested after the rejection.
# Proves: outcome/rejected-tested-before
any order
scan T100 ada 08:01
reject T100 10:00
result T100 negative tested 10:00 reported 13:00
ada must_resample because T100
ada since 10:00
ada no negative
