# withdrawn removes what *that* lab said: another lab's positive stands.
# Proves: result/withdrawn-own-lab
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00 lab L1
result T100 positive tested 12:00 reported 14:00 lab L2
result T100 positive tested 12:00 reported 15:00 lab L1 withdrawn
ada held because T100
ada since 14:00
