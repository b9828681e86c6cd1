# While one member waits, or one is suspect, there is no such alert.
# Proves: alert/singles-not-all
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 16:00
scan T300 ben 14:00 single
result T300 positive tested 15:00 reported 16:00
late scan T400 cem 08:01
late scan T400 dan 08:01
result T400 positive tested 12:00 reported 13:00
late scan T500 cem 14:00 single
result T500 negative tested 15:00 reported 16:00
no alert T100
no alert T400
