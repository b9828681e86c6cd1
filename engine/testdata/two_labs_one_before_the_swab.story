# A negative whose tested_at is before the member's S gives that member none: of two labs, the one that tested after the swab counts, with its own report.
# Proves: outcome/lab-by-lab
any order
scan T100 ada 08:00
late scan T100 ben 12:30
result T100 negative tested 12:00 reported 12:10 lab L1
result T100 negative tested 13:00 reported 13:10 lab L2
ada negative
ada since 12:10
ben negative
ben since 13:10
