# A tube that is released as a whole waits until each member has an answer: a suspect has one.
# Proves: release/all-suspect
any order
round R1 release all
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
late scan T300 ben 14:00 single
result T200 negative tested 15:00 reported 16:00
result T300 positive tested 15:00 reported 16:00
ada held because T100
late scan T400 cem 14:00 single
result T400 negative tested 15:00 reported 17:00
ada negative
ben suspect because T300
cem negative
