# Must resample is closed by any later result, a suspect's or confirmed's too.
# Proves: must/closed-by-suspect
any order
lab CDC is cdc
scan T100 ada 08:01
scan T100 ben 08:02
void T100 09:00
late scan T200 ada 14:00 single
late scan T300 ben 14:00 single
result T200 positive tested 15:00 reported 16:00
result T300 positive tested 15:00 reported 16:00 lab CDC
ada suspect because T200
ben confirmed because T300
no order ada
no order ben
