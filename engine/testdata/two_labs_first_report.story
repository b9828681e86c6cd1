# Where two labs say the same, the earlier report counts.
# Proves: verdict/first-report
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 14:00 lab L2
result T100 positive tested 12:00 reported 13:00 lab L1
ada held because T100
ada since 13:00
