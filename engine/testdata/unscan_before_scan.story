# An unscan that arrives before its scan counts the same.
# Proves: binding/unscan-first
any order
unscan T100 ada 08:30 by station
flag not_bound
scan T100 ada 08:01
accepted
flag unbound
ada unknown
tube T100 holds nobody
