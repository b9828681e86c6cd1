# The tube's verdict is the gravest of the labs' standing results.
# Proves: verdict/gravest
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00 lab L1
result T100 negative tested 12:00 reported 16:00 lab L2
scan T200 ada 14:01 single
result T200 inconclusive tested 15:00 reported 16:00 lab L1
result T200 negative tested 15:00 reported 17:00 lab L2
tube T100 says positive
tube T200 says inconclusive
ada held because T100 T200
order ada due 19:00 because T100 T200
