using Kilonova.Crds;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class LedgerTests
{
    private static readonly ClaimIdentity Mine = new("wanted", 3, "claim", "Server/ns/name");

    [Fact]
    public void A_claim_adds_an_entry_and_keeps_the_list_in_order()
    {
        var provider = Given.Provider(Given.Entry("z", vcpus: 1), Given.Entry("a", vcpus: 1));
        var claimed = Assert.IsType<ClaimResult.Claimed>(Ledger.Claim(provider, Given.Inventory(), Given.Request(), Mine));
        Assert.Equal(["a", "wanted", "z"], claimed.Allocations.Select(a => a.Id));
        Assert.Equal(("wanted", 3, "claim", "Server/ns/name"), (claimed.Entry.Id, claimed.Entry.Epoch, claimed.Entry.ClaimID, claimed.Entry.Holder));
        Assert.Equal(new Dictionary<string, long> { ["VCPU"] = 2, ["MEMORY_MB"] = 2048, ["DISK_GB"] = 20 }, claimed.Entry.Resources);
    }

    [Fact]
    public void A_provider_without_status_is_an_empty_ledger()
    {
        var provider = Given.Provider() with { Status = null };
        Assert.Single(Assert.IsType<ClaimResult.Claimed>(Ledger.Claim(provider, Given.Inventory(), Given.Request(), Mine)).Allocations);
        Assert.Null(Ledger.Release(provider, "wanted", 3));
    }

    [Theory]
    [InlineData(15, 0, 0, "VCPU", "2 wanted, 1 of 16 free")]
    [InlineData(17, 0, 0, "VCPU", "2 wanted, 0 of 16 free")]
    [InlineData(0, 31000, 0, "MEMORY_MB", "2048 MiB wanted, 1768 of 32768 MiB free")]
    [InlineData(0, 0, 981, "DISK_GB", "20 GiB wanted, 19 of 1000 GiB free")]
    public void A_claim_above_capacity_is_refused_with_numbers(long vcpus, long memory, long disk, string step, string message)
    {
        var provider = Given.Provider(Given.Entry("x", vcpus, memory, disk));
        Assert.Equal(new ClaimResult.Refused(step, message), Ledger.Claim(provider, Given.Inventory(), Given.Request(), Mine));
    }

    [Fact]
    public void What_the_host_does_not_offer_is_refused() =>
        Assert.Equal(
            new ClaimResult.Refused("VCPU", "2 wanted, the host offers none"),
            Ledger.Claim(Given.Provider(), EffectiveInventory.None, Given.Request(), Mine));

    [Fact]
    public void An_own_entry_of_the_same_number_is_used_again_even_on_a_full_host()
    {
        var entry = Given.Entry("wanted", 2, 2048, 20, epoch: 3, holder: "Server/ns/renamed");
        var provider = Given.Provider(entry, Given.Entry("x", vcpus: 14));
        Assert.Equal(new ClaimResult.AlreadyHeld(entry), Ledger.Claim(provider, Given.Inventory(), Given.Request(), Mine));
    }

    public static TheoryData<string, long, string, long> Strangers => new()
    {
        { "another number", 2, "Server/ns/name", 2 },
        { "another kind of holder", 3, "Migration/ns/name", 2 },
        { "other amounts", 3, "Server/ns/name", 1 },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public void Another_entry_of_the_instance_refuses_the_claim(string what, long epoch, string holder, long vcpus)
    {
        var provider = Given.Provider(Given.Entry("wanted", vcpus, 2048, 20, epoch, holder));
        var refused = Assert.IsType<ClaimResult.Refused>(Ledger.Claim(provider, Given.Inventory(), Given.Request(), Mine));
        Assert.True((refused.Step, refused.Message) == ("Ledger", $"holds an entry of the instance with number {epoch} for {holder}"), $"{what}: {refused}");
    }

    [Fact]
    public void Release_takes_out_that_very_entry()
    {
        var provider = Given.Provider(Given.Entry("wanted", 1, epoch: 2), Given.Entry("wanted", 1, epoch: 3), Given.Entry("other", 1, epoch: 3));
        Assert.Equal([("other", 3L), ("wanted", 2L)], Ledger.Release(provider, "wanted", 3)!.Select(a => (a.Id, a.Epoch)));
        Assert.Null(Ledger.Release(provider, "wanted", 4));
        Assert.Null(Ledger.Release(provider, "unknown", 3));
    }

    [Fact]
    public void Amounts_that_make_no_sense_neither_free_room_nor_wrap_around()
    {
        Allocation[] entries = [Given.Entry("a") with { Resources = new Dictionary<string, long> { ["VCPU"] = -5 } }, Given.Entry("b", vcpus: 3)];
        Assert.Equal(3, Ledger.Used(entries, "VCPU"));
        Assert.Equal(long.MaxValue, Ledger.Used([.. entries, Given.Entry("c", vcpus: long.MaxValue)], "VCPU"));
    }

    [Fact]
    public void Over_allocation_names_class_and_numbers()
    {
        Allocation[] entries = [Given.Entry("a", 10, 32768), Given.Entry("b", 7) with { Resources = new Dictionary<string, long> { ["VCPU"] = 7, ["VGPU"] = 1 } }];
        Assert.Equal(["VCPU: 17 promised, capacity 16", "VGPU: 1 promised, capacity 0"], Ledger.OverAllocated(entries, Given.Inventory()));
        Assert.Empty(Ledger.OverAllocated([Given.Entry("a", 16, 32768, 1000)], Given.Inventory()));
    }
}
