// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

using detail::join;

std::string omp_places(CpuSet const& cpus) {
  std::vector<std::string> places;
  std::vector<unsigned> const members = cpus.members();
  for (std::size_t i = 0; i < members.size();) {
    std::size_t end = i + 1;
    while (end < members.size() && members[end] == members[end - 1] + 1) ++end;
    std::string const place = "{" + std::to_string(members[i]) + "}";
    places.push_back(end - i > 1 ? place + ":" + std::to_string(end - i) : place);
    i = end;
  }
  return join(places, ",");
}

/// The variables of one plan, one target.
class Writer {
 public:
  Writer(Machine const& machine, Plan const& plan, Target target) : m_machine(machine), m_plan(plan) {
    m_result.target = target;
    m_result.ranks = static_cast<int>(plan.assignments.size());
  }

  Environment write() {
    switch (m_result.target) {
      case Target::mpich:
        mpich();
        break;
      case Target::cray:
        cray();
        break;
      case Target::ucx:
        ucx();
        break;
      case Target::ompi:
        ompi();
        break;
      case Target::nccl:
        nccl();
        break;
      case Target::libfabric:
        libfabric();
        break;
      case Target::slurm:
        slurm();
        break;
      case Target::openmp:
        openmp();
        break;
      case Target::cuda:
        cuda();
        break;
      case Target::rocm:
        rocm();
        break;
      case Target::level_zero:
        level_zero();
        break;
    }
    return std::move(m_result);
  }

 private:
  Device const& device(std::size_t index) const { return m_machine.devices()[index]; }
  void all(std::string name, std::string value, std::string why) {
    m_result.variables.push_back(
        {.rank = {}, .name = std::move(name), .value = std::move(value), .why = std::move(why)});
  }
  void one(Assignment const& rank, std::string name, std::string value, std::string why) {
    m_result.variables.push_back(
        {.rank = rank.rank, .name = std::move(name), .value = std::move(value), .why = std::move(why)});
  }
  void note(std::string sentence) { m_result.notes.push_back(std::move(sentence)); }
  std::string near(Assignment const& rank) const {
    if (!rank.nic_distance) return device(*rank.nic).name;
    return device(*rank.nic).name + ", " + rank.nic_distance->reason;
  }

  void need_nic() const {
    for (Assignment const& rank : m_plan.assignments) {
      if (rank.nic) return;
    }
    throw NothingToSet(
        "there is nothing to set for " + std::string(name(m_result.target)) + ": the plan gives no rank a NIC (" +
        (m_machine.fabric_nics().empty() ? "the node has no fabric NIC" : "see the notes of the plan") + ")");
  }
  /// The GPUs of a vendor; every rank that has a GPU must have one of these.
  std::vector<std::size_t> need_gpus(Vendor vendor, std::string const& maker) const {
    std::vector<std::size_t> gpus = numbered_gpus(m_machine, vendor);
    if (gpus.empty()) {
      throw NothingToSet("there is nothing to set for " + std::string(name(m_result.target)) +
                         ": the node has no GPU of " + maker);
    }
    return gpus;
  }
  template <class Value>
  void each_gpu(std::vector<std::size_t> const& gpus, std::string const& variable, Value const& value) {
    for (Assignment const& rank : m_plan.assignments) {
      auto const found = rank.gpu ? std::find(gpus.begin(), gpus.end(), *rank.gpu) : gpus.end();
      if (found == gpus.end()) continue;
      one(rank, variable, value(*rank.gpu, static_cast<std::size_t>(found - gpus.begin())),
          detail::name_and_bus(device(*rank.gpu)));
    }
  }
  std::size_t nic_number(std::size_t nic) const {
    std::vector<std::size_t> const order = numbered_nics(m_machine);
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), nic) - order.begin());
  }

  void mpich();
  void cray();
  void ucx();
  void ompi();
  void nccl();
  void libfabric();
  void slurm();
  void openmp();
  void cuda();
  void rocm();
  void level_zero();

  Machine const& m_machine;
  Plan const& m_plan;
  Environment m_result;
};

void Writer::mpich() {
  need_nic();
  std::vector<std::string> sets;
  for (Assignment const& rank : m_plan.assignments) {
    std::string set;
    for (unsigned const cpu : rank.cpus.members()) set += (set.empty() ? "" : "+") + std::to_string(cpu);
    sets.push_back(set);
    if (rank.nic) one(rank, "MPIR_CVAR_CH4_OFI_PREF_NIC", std::to_string(nic_number(*rank.nic)), near(rank));
  }
  m_result.launcher = {"mpiexec", "-n", std::to_string(m_result.ranks), "-bind-to", "user:" + join(sets, ",")};
  note(
      "MPICH numbers NICs in the order libfabric lists them, which is not verified here: compare with `fi_info -l` or "
      "name the NIC by the variables of --for libfabric.");
}

void Writer::cray() {
  need_nic();
  std::vector<std::size_t> const order = numbered_nics(m_machine);
  std::vector<std::string> parts;
  for (std::size_t number = 0; number < order.size(); ++number) {
    std::vector<int> ranks;
    for (Assignment const& rank : m_plan.assignments) {
      if (rank.nic == order[number]) ranks.push_back(rank.rank);
    }
    if (!ranks.empty()) parts.push_back(std::to_string(number) + ":" + detail::set_of(ranks).to_list());
  }
  all("MPICH_OFI_NIC_POLICY", "USER", "without it Cray MPICH deals NICs out in blocks of ranks, wherever they are");
  all("MPICH_OFI_NIC_MAPPING", join(parts, ";"), "NIC number:local ranks");
  all("MPICH_OFI_NUM_NICS", std::to_string(order.size()), "the NICs of the node");
  std::vector<std::string> meant;
  for (std::size_t number = 0; number < order.size(); ++number) {
    meant.push_back(std::to_string(number) + " = " + detail::name_and_bus(device(order[number])));
  }
  note("NIC numbers are not verified: " + join(meant, ", ") + ". Run once with MPICH_OFI_NIC_VERBOSE=2 and compare.");
}

void Writer::ucx() {
  need_nic();
  for (Assignment const& rank : m_plan.assignments) {
    if (!rank.nic) continue;
    Device const& nic = device(*rank.nic);
    std::string const verbs = nic.os_name(NameKind::openfabrics);
    std::string const net = nic.os_name(NameKind::net);
    one(rank, "UCX_NET_DEVICES", verbs.empty() ? (net.empty() ? nic.name : net) : verbs + ":1", near(rank));
  }
  if (m_machine.fabric() == Fabric::slingshot) note("UCX speaks TCP over Slingshot; prefer libfabric's cxi provider.");
}

void Writer::ompi() {
  // PRRTE counts slots as cores, or with hwtcpus as hardware threads, by logical index. Ranks that
  // share cores need the latter.
  std::vector<unsigned> threads;
  for (Core const& core : m_machine.cores()) threads.insert(threads.end(), core.pus.begin(), core.pus.end());
  // A core in the hands of one rank may be given whole; the kernel or OpenMP picks the thread.
  CpuSet taken;
  bool whole_cores = true;
  for (Assignment const& rank : m_plan.assignments) {
    CpuSet const cores = detail::set_of(m_machine.cores_of(rank.cpus));
    whole_cores = whole_cores && !taken.intersects(cores);
    taken |= cores;
  }
  std::string lines;
  for (Assignment const& rank : m_plan.assignments) {
    CpuSet slots = detail::set_of(m_machine.cores_of(rank.cpus));
    if (!whole_cores) {
      slots = {};
      for (std::size_t i = 0; i < threads.size(); ++i) {
        if (rank.cpus.contains(threads[i])) slots.insert(static_cast<unsigned>(i));
      }
    }
    lines += "rank " + std::to_string(rank.rank) + "=+n0 slot=" + slots.to_list() + "\n";
  }
  m_result.file = lines;
  m_result.launcher = {"mpirun",
                       "-n",
                       std::to_string(m_result.ranks),
                       "--map-by",
                       "rankfile:file=FILE" + std::string(whole_cores ? "" : ":hwtcpus"),
                       "--bind-to",
                       whole_cores ? "core" : "hwthread"};
  note("Slots are " + std::string(whole_cores ? "cores" : "hardware threads") +
       " by logical index, as Open MPI 5 (PRRTE 3) counts them; without --bind-to it maps but does not bind.");
  note("Write the lines into FILE, a path without dashes: PRRTE takes what follows one for another option.");
  note("The file places the ranks of one node; for several, start the program by kramers-topo run.");
  note("NICs and GPUs are chosen by variables: --for ucx or libfabric, and cuda or rocm.");
}

void Writer::nccl() {
  need_nic();
  CpuSet seen;
  std::vector<std::string> verbs, interfaces;
  PairClass farthest = PairClass::pix;
  for (Assignment const& rank : m_plan.assignments) {
    if (rank.gpu_nic) farthest = std::max(farthest, rank.gpu_nic->pair);
    if (!rank.nic || seen.contains(static_cast<unsigned>(*rank.nic))) continue;
    seen.insert(static_cast<unsigned>(*rank.nic));
    Device const& nic = device(*rank.nic);
    if (auto const name = nic.os_name(NameKind::openfabrics); !name.empty()) verbs.push_back(name + ":1");
    if (auto const name = nic.os_name(NameKind::net); !name.empty()) interfaces.push_back(name);
  }
  Fabric const fabric = m_machine.fabric();
  if (!verbs.empty() && (fabric == Fabric::infiniband || fabric == Fabric::roce)) {
    all("NCCL_IB_HCA", "=" + join(verbs, ","), "the NICs of the plan; NCCL takes for each GPU the nearest of them");
  }
  if (!interfaces.empty())
    all("NCCL_SOCKET_IFNAME", "=" + join(interfaces, ","), "bootstrap and sockets over the same NICs");
  if (m_plan.assignments.front().gpu_nic) {
    PairClass const level = std::min(farthest, PairClass::phb);
    all("NCCL_NET_GDR_LEVEL", std::string(name(level)),
        "the farthest pair of GPU and NIC in the plan is " + std::string(name(farthest)) +
            (farthest > PairClass::phb ? "; beyond a host bridge GPU memory is better staged" : ""));
  }
  if (fabric == Fabric::slingshot || fabric == Fabric::efa) {
    note("NCCL and RCCL need the libfabric plug-in (aws-ofi-nccl) for " + std::string(name(fabric)) +
         "; without it they use sockets.");
  }
}

void Writer::libfabric() {
  need_nic();
  bool guessed = false;
  for (Assignment const& rank : m_plan.assignments) {
    if (!rank.nic) continue;
    Device const& nic = device(*rank.nic);
    std::string const verbs = nic.os_name(NameKind::openfabrics);
    std::string const net = nic.os_name(NameKind::net);
    switch (nic.fabric) {
      case Fabric::slingshot: {
        std::string const cxi = cxi_name(nic);
        bool const known =
            std::any_of(nic.names.begin(), nic.names.end(), [&](OsName const& n) { return n.name == cxi; });
        guessed = guessed || !known;
        if (!cxi.empty()) one(rank, "FI_CXI_DEVICE_NAME", cxi, near(rank));
        break;
      }
      case Fabric::efa:
        one(rank, "FI_EFA_IFACE", verbs.empty() ? nic.name : verbs, near(rank));
        break;
      case Fabric::infiniband:
      case Fabric::roce:
        one(rank, "FI_VERBS_DEVICE_NAME", verbs.empty() ? nic.name : verbs, near(rank));
        break;
      case Fabric::omni_path:
        one(rank, "FI_OPX_HFI_SELECT", std::to_string(nic_number(*rank.nic)), near(rank));
        break;
      default:
        one(rank, "FI_TCP_IFACE", net.empty() ? nic.name : net, near(rank));
        break;
    }
  }
  std::string provider = "tcp";
  if (m_machine.fabric() == Fabric::slingshot) provider = "cxi";
  if (m_machine.fabric() == Fabric::efa) provider = "efa";
  if (m_machine.fabric() == Fabric::omni_path) provider = "opx";
  if (m_machine.fabric() == Fabric::infiniband || m_machine.fabric() == Fabric::roce) provider = "verbs;ofi_rxm";
  note("Where libfabric takes another provider, add FI_PROVIDER='" + provider + "'.");
  if (guessed)
    note("cxiN is taken to be the device of the interface whose name ends in N; compare with `fi_info -p cxi`.");
}

void Writer::slurm() {
  std::vector<std::string> cpus, memory;
  bool one_node_each = true, known = true;
  for (Assignment const& rank : m_plan.assignments) {
    cpus.push_back(rank.cpus.to_mask());
    known = known && !rank.numa.empty();
    one_node_each = one_node_each && rank.numa.size() == 1;
  }
  auto const os_number = [this](int numa) { return m_machine.numa_nodes()[static_cast<std::size_t>(numa)].os_index; };
  all("SLURM_CPU_BIND", "mask_cpu:" + join(cpus, ","), "a mask per local task, by the operating system's numbers");
  if (known) {
    for (Assignment const& rank : m_plan.assignments) {
      CpuSet nodes;
      for (int const numa : rank.numa) nodes.insert(os_number(numa));
      memory.push_back(one_node_each ? nodes.to_list() : nodes.to_mask());
    }
    all("SLURM_MEM_BIND", (one_node_each ? "map_mem:" : "mask_mem:") + join(memory, ","),
        "memory of the nodes of the cores");
  }
  m_result.launcher = {"srun", "--ntasks-per-node=" + std::to_string(m_result.ranks),
                       "--cpu-bind=mask_cpu:" + join(cpus, ",")};
  if (known) {
    m_result.launcher.push_back("--mem-bind=" + std::string(one_node_each ? "map_mem:" : "mask_mem:") +
                                join(memory, ","));
  }
  if (!m_machine.gpus().empty()) {
    all("SLURM_GPU_BIND", "none", "every rank sees all GPUs, which GPU-to-GPU copies need; --for cuda or rocm chooses");
    m_result.launcher.emplace_back("--gpu-bind=none");
  }
  note("Set these before srun, which reads them. Masks need whole nodes (--exclusive).");
}

void Writer::openmp() {
  for (Assignment const& rank : m_plan.assignments) {
    if (rank.cpus.empty()) continue;
    std::string const where = "cores " + detail::set_of(m_machine.cores_of(rank.cpus)).to_list();
    one(rank, "OMP_NUM_THREADS", std::to_string(rank.cpus.size()), where);
    one(rank, "OMP_PLACES", omp_places(rank.cpus), where);
  }
  all("OMP_PROC_BIND", "close", "thread i stays on place i");
  note("OMP_DISPLAY_AFFINITY=true makes the program print where its threads are.");
}

void Writer::cuda() {
  std::vector<std::size_t> const gpus = need_gpus(Vendor::nvidia, "NVIDIA");
  all("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "else index 0 is the fastest GPU, and equal ones may come in any order");
  bool partitions = false;
  each_gpu(gpus, "CUDA_VISIBLE_DEVICES", [&](std::size_t gpu, std::size_t index) {
    Device const& chosen = device(gpu);
    bool const by_uuid = chosen.kind == DeviceKind::gpu_partition && !chosen.uuid.empty();
    partitions = partitions || by_uuid;
    return by_uuid ? chosen.uuid : std::to_string(index);
  });
  note(partitions ? "UUIDs of partitions are those of this node; plan on each node anew."
                  : "Indices count all GPUs of the node; where a cgroup hides some (srun --gpus-per-task), use "
                    "--gpu-bind=none.");
}

void Writer::rocm() {
  each_gpu(need_gpus(Vendor::amd, "AMD"), "ROCR_VISIBLE_DEVICES",
           [](std::size_t, std::size_t index) { return std::to_string(index); });
  note("Indices are in the order of bus ids, as ROCr usually counts; compare with `rocm-smi --showbus`.");
}

void Writer::level_zero() {
  std::vector<std::size_t> const gpus = need_gpus(Vendor::intel, "Intel");
  all("ZE_ENABLE_PCI_ID_DEVICE_ORDER", "1", "index 0 is the lowest bus id");
  bool const tiles =
      std::any_of(gpus.begin(), gpus.end(), [this](std::size_t gpu) { return device(gpu).partition >= 0; });
  if (tiles) all("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE", "device.tile in ZE_AFFINITY_MASK");
  each_gpu(gpus, "ZE_AFFINITY_MASK", [&](std::size_t gpu, std::size_t index) {
    if (!tiles) return std::to_string(index);
    std::vector<std::string> cards;
    for (std::size_t const other : gpus) {
      if (cards.empty() || cards.back() != device(other).bus_id) cards.push_back(device(other).bus_id);
    }
    auto const card = std::find(cards.begin(), cards.end(), device(gpu).bus_id) - cards.begin();
    int const tile = device(gpu).partition;
    return std::to_string(card) + (tile < 0 ? "" : "." + std::to_string(tile));
  });
}

}  // namespace

Environment environment(Machine const& machine, Plan const& plan, Target target) {
  return Writer(machine, plan, target).write();
}

}  // namespace kramers::topology
