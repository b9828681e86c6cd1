# A discharge without a confirmed cause swabbed and reported by then is taken, flagged, and changes nothing.
# Proves: discharge/not-confirmed
any order
lab CDC is cdc
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
discharge ada 18:00
accepted
flag not_confirmed
late scan T200 ben 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
discharge ben 12:59
flag not_confirmed
ada held because T100
ben confirmed because T200
