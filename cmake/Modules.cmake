# Exactness: results must be the same doubles on every machine, so no contraction to FMA and no reordering.
function(millrace_options target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_compile_options(${target} PRIVATE -ffp-contract=off)
endfunction()

# millrace_module(NAME DEPENDS ...): the library millrace_NAME from all sources below src/NAME.
function(millrace_module name)
    cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
    add_library(millrace_${name} STATIC ${sources})
    set_target_properties(millrace_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(millrace_${name} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/millrace>)
    set_target_properties(millrace_${name} PROPERTIES EXPORT_NAME ${name})
    foreach(dependency ${ARG_DEPENDS})
        if(TARGET millrace_${dependency})
            target_link_libraries(millrace_${name} PUBLIC millrace_${dependency})
        else()
            target_link_libraries(millrace_${name} PUBLIC ${dependency})
        endif()
    endforeach()
    millrace_options(millrace_${name})
endfunction()

# millrace_protobuf(MODULE FILE): C++ from a .proto file, compiled into the module; included as "<file>.pb.h".
function(millrace_protobuf module file)
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${file})
        return()
    endif()
    get_filename_component(stem ${file} NAME_WE)
    get_filename_component(folder ${PROJECT_SOURCE_DIR}/${file} DIRECTORY)
    set(out ${PROJECT_BINARY_DIR}/generated/${module})
    file(MAKE_DIRECTORY ${out})
    add_custom_command(
        OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
        COMMAND protobuf::protoc --cpp_out=${out} -I${folder} ${PROJECT_SOURCE_DIR}/${file}
        DEPENDS ${PROJECT_SOURCE_DIR}/${file})
    add_library(millrace_${module}_${stem} STATIC ${out}/${stem}.pb.cc)
    target_include_directories(millrace_${module}_${stem} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_link_libraries(millrace_${module}_${stem} PUBLIC protobuf::libprotobuf)
    target_compile_options(millrace_${module}_${stem} PRIVATE -w)
    set_target_properties(millrace_${module}_${stem} PROPERTIES EXPORT_NAME ${module}_${stem})
    target_link_libraries(millrace_${module} PUBLIC millrace_${module}_${stem})
    set_property(GLOBAL APPEND PROPERTY MILLRACE_GENERATED millrace_${module}_${stem})
    if(NOT TARGET generated)
        add_custom_target(generated)
    endif()
    add_custom_target(generated_${module}_${stem} DEPENDS ${out}/${stem}.pb.h)
    add_dependencies(generated generated_${module}_${stem})
    add_dependencies(millrace_${module}_${stem} generated_${module}_${stem})
endfunction()
