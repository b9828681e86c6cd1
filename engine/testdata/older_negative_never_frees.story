# Whatever the order of arrival, an older negative never turns a suspect green.
# Proves: state/older-negative-never-frees
any order
result T200 positive tested 16:00 reported 17:00
late scan T200 ada 14:10 single
late scan T100 ada 08:01 single
result T100 negative tested 12:00 reported 20:00
ada suspect because T200
ada last negative T100
