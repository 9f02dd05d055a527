module federation-apiserver/test/bench/load

go 1.24
