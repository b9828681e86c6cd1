# Positive and inconclusive always count, whatever befell the tube (alert result_of_void_tube).
# Proves: outcome/positive-of-void
any order
scan T100 ada 08:01
scan T200 ben 08:01
scan T300 cem 08:01
void T100 09:00 because leaked
lost T200 09:00
reject T300 09:00
result T100 positive tested 12:00 reported 13:00
flag result_of_void_tube
result T200 inconclusive tested 12:00 reported 13:00
result T300 positive tested 08:30 reported 13:00
ada held because T100
ada since 13:00
ben held because T200
cem held because T300
alert result_of_void_tube T100
alert result_of_void_tube T200
alert result_of_void_tube T300
