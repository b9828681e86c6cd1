# A round that was never put has default's policy; nobody is expected in it.
# Proves: round/provisional
any order
late scan T100 ada 08:01 round R9
result T100 positive tested 12:00 reported 13:00
order ada due 19:00
coverage R9 all expected 1 sampled 1 unrostered 1 missing 0
