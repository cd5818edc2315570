#pragma once
#include "targets/barvinn/format/geometry.h"
#include "targets/barvinn/format/images.h"
#include "targets/barvinn/format/programfile.h"
#include "targets/barvinn/format/registers.h"

/// What generator, assembler and simulator share: sizes (`geometry.h`), registers and jobs (`registers.h`), images of
/// the memories with their text files (`images.h`), and the controller's hex files (`programfile.h`).
