# A negative tested before the swab gives that member none, and is flagged.
# Proves: outcome/tested-before-swab
any order
scan T100 ada 08:01
result T100 negative tested 12:00 reported 13:00
no flags
late scan T100 ben 12:30
flag swab_after_test
ada negative
ben sampled
ben pending T100
