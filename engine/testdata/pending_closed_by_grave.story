# Pending is closed likewise by a later suspect or confirmed, never by a must.
# Proves: pending/closed-by-confirmed
any order
lab CDC is cdc
late scan T100 ada 08:01
late scan T200 ada 09:00 single
result T200 positive tested 12:00 reported 13:00 lab CDC
late scan T100 ben 08:02
late scan T300 ben 09:00
lost T300 10:00
ada confirmed because T200
ada nothing pending
ben must_resample because T300
ben pending T100
