module hearth/licences

go 1.26.0
