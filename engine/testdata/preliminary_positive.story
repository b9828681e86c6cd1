# A preliminary positive opens its cause as its final would.
# Proves: result/preliminary-opens
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00 preliminary
ada held because T100
order ada due 19:00
