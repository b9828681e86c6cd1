# A negative whose tested_at is before the member's S gives that member none (flag sampled_after_test, alert).
# Proves: alert/sampled_after_test
any order
scan T100 ada 08:01
late scan T100 ben 12:30
result T100 negative tested 12:00 reported 13:00
flag sampled_after_test
ada negative
ben sampled
alert sampled_after_test T100
