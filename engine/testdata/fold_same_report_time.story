# Results of one lab with equal reported_at are folded by gravity: the graver stands.
# Proves: result/fold-by-gravity
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
result T100 negative tested 12:00 reported 13:00
ada held because T100
