# Merges join through one another: whoever is connected is one human.
# Proves: merge/chain
any order
merge ada into ben 10:00
merge ben into cem 11:00
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
cem held because T100
ada is cem
ben is cem
cem stands alone
