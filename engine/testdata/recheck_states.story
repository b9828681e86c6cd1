# A recheck is answered by a waiting single swab of purpose recheck; a call shows on order and recheck alike.
# Proves: recheck/states
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
late scan T100 ada 08:30
result T100 positive tested 12:00 reported 13:00
ack ada 13:10
recheck ada acknowledged
order ada acknowledged
late scan T300 ada 14:00 single
recheck ada acknowledged
order ada swabbed
late scan T400 ada 14:30 single recheck
recheck ada swabbed
