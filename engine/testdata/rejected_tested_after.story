# A negative of a rejected tube that was tested after its newest rejection counts.
# Proves: outcome/rejected-tested-after
any order
scan T100 ada 08:01
scan T200 ben 08:01
reject T100 10:00
result T100 negative tested 10:30 reported 13:00
reject T200 10:00
reject T200 11:00
result T200 negative tested 10:30 reported 13:00
ada negative
ada since 13:00
ben must_resample because T200
ben since 10:00
