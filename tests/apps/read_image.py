# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads image data of VTKHDF with VTK's own reader, as ParaView does, and prints what it finds as JSON; the values go
to FOLDER/NAME.npy. For a Python that has VTK: image_test.py runs it.

    python3 read_image.py FILE FOLDER
"""
import json
import sys
from pathlib import Path

import numpy
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkIOHDF import vtkHDFReader

if __name__ == "__main__":
    path, folder = sys.argv[1], Path(sys.argv[2])
    reader = vtkHDFReader()
    found = {"version": vtkVersion.GetVTKVersion(), "can_read": bool(reader.CanReadFile(path))}
    reader.SetFileName(path)
    reader.Update()
    image = reader.GetOutputDataObject(0)
    points = image.GetPointData()
    found.update(kind=image.GetClassName(), dimensions=image.GetDimensions(), spacing=image.GetSpacing(),
                 origin=image.GetOrigin(), last=image.GetPoint(image.GetNumberOfPoints() - 1),
                 arrays=[points.GetArrayName(index) for index in range(points.GetNumberOfArrays())])
    for name in found["arrays"]:
        numpy.save(folder / f"{name}.npy", vtk_to_numpy(points.GetArray(name)))
    print(json.dumps(found))
