#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"

namespace millrace::test {

/// Two layers on two cores, and a legal schedule of them, made by hand:
///   dram --in--> left (buffer) --middle--> right (buffer) --out--> dram
/// Layer `first` runs as two tasks on the left core, `second` as one on the right. Everything is exactly on time and
/// exactly full, so that each small change breaks one rule.
struct Small {
    schedule::Problem problem;
    schedule::Schedule schedule;

    schedule::CoreId left, right, port;
    schedule::MemoryId leftMemory, rightMemory, dram;
    schedule::LinkId in, middle, out;
    schedule::TensorId input, weights, between, weights2, output;
    schedule::TaskId top, bottom, second;
    schedule::BufferId inputBuffer, weightBuffer, betweenBuffer, copyBuffer, weight2Buffer, resultBuffer, outputBuffer;
    schedule::TransferId inputIn, weightIn, forward, weight2In, outputOut;

    Small();

private:
    void makeResources();
    void makeWork();
    void makeSchedule();
};

}  // namespace millrace::test
